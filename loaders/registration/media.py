"""What a document may be that a family hands in: its media type, and what such a file is called."""

#: Media types with the endings of their files: what every office can open, and nothing that a browser would run.
ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/heic": "heic"}

#: What a form may allow one document to have, and what it has where the form says nothing.
MOST_BYTES, USUAL_BYTES = 20 * 2**20, 10 * 2**20

#: How many documents a form may ask for in one field, and how many where it says nothing.
MOST_DOCUMENTS, USUAL_DOCUMENTS = 20, 5
