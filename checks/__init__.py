"""Is that good? One pure function a judgement; `CHECKS` lists them all in report order."""
