"""Pages served from here: GraphiQL, with no content delivery network."""
