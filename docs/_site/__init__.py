"""What the pages need beyond Sphinx and MyST: pictures of both themes, links, and the commands as click knows them."""
