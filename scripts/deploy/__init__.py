"""Makes the definitions of deploy/ that follow from the code: compose and Kubernetes, with their nginx configuration.

Services, workers, settings and ports are the code's own (facts.py), so that none can be forgotten:

    __main__ -> compose, kubernetes, adapter -> front, pods, load -> facts
"""
