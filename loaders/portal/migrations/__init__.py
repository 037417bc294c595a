"""The portal store's tables, one revision a file; `loaders.portal.store` runs them."""
