"""As much of numpy as Google Benchmark's compare.py asks for, where python3-scipy cannot be installed."""


class array(list):
    def any(self):
        return any(self)
