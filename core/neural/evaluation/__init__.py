"""How good are generated pictures? FID, KID and IS of whole folders; LPIPS, edges and colours of single drawings."""
