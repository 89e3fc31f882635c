"""Search for the element that carries one code nearest to another.

``overlap`` has the closed forms for orthogonal and affine actions, ``motion`` those for rigid
motions, ``gauss_newton`` the search for any action. The search on compact groups through the
Fourier coefficients of the score is in `groupae.representations.correlation`.
"""
