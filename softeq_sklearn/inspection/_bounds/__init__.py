r"""How large features, and their equivariance errors, can be behind each layer of a network.

For a row x and an element g of an orthogonal group, the error of features h is
:math:`e = h(gx) - \rho(g) h(x)`. A layer :math:`\varphi` turns it into

.. math:: \underbrace{\varphi(\rho h + e) - \varphi(\rho h)}_{\text{what it makes of } e}
          + \underbrace{\varphi(\rho h) - \rho \varphi(h)}_{\text{what it adds itself}},

and this package bounds both terms by norms, one for each segment of the features: the scalars,
the gates of each tensor type, the tensors of each type. No group element is ever drawn.
"""
