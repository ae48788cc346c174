"""Whether a visit is believed: the judge, the proof that every byte moved, and limits of what numbers can be."""
