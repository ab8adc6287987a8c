"""What is known of the rows of a mailing list before it is used: their syntax, domains, repeats and past.

`facts` is what it adds up to, which the checks read. A whole run, and its document, are in `lists/`.
"""
