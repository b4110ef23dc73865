"""Networks that colour lines as another picture is coloured: the family ``colour-reference``, and its training."""
