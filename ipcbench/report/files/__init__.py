"""The folder of a report: pictures, their descriptions, and the manifest."""
