"""Documents made ready and operations executed; knows GraphQL and nothing of schools."""
