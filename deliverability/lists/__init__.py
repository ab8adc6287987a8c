"""One run over lists of recipients: what `recipients/` knows of rows is put together, judged by the checks, and kept.

The line between the two: `recipients/` stands below the checks, each of its modules knows one thing of a list (rows,
addresses, domains, repeats, the past) and none of options or files that a user names; its `facts` are what the checks
read. `lists/` stands above them: `read` is the way in, `run` reads what was named in its order, `document` has the
judgement.
"""
