"""Capacity planning: what a load needs of the cluster engine, and what breaks first.

`load` is who does what how often, `measured` what a thing costs, `limits` what an engine gives at most. `resources`
multiplies these, one small function a resource; `breaking` looks for the load at which a need meets its limit; `report`
lays it out. Every number names where it comes from.
"""
