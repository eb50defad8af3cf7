"""The demo: a real model, trained on a made-up table, taken to production through the portal's public interfaces."""
