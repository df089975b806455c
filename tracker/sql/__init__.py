"""Raw SQL of this app: named constants with named parameters, a module for each module that runs them."""
