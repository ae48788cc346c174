"""Extensions of Sphinx for these pages: pictures for both themes, links, and lists of commands and mechanisms."""
