"""The language: GraphQL types, names and descriptions, one file a subject."""
