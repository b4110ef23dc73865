"""Networks that were trained to recognise things, described as any other: their features judge pictures."""
