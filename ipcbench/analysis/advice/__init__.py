"""Which mechanism fits a need, and why the others do not."""
