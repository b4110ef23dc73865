"""Pictures made pixel by pixel: the aim (``eye``), in which coordinates (``canvas``), the way (``descent``)."""
