"""The files of a report: pictures, their descriptions and the manifest."""
