"""Upper bounds of the equivariance error of a network: by layers, over a ball, at given rows."""
