"""How fast is each part, as a share of the least that such work can cost on this machine?

`python -m bench`, or `make bench`. Not part of what is installed.
"""
