"""The trainer of Running Hand: from ink to the weights files that the engines load.

Run its programs from the repository's root with `python -m train.PROGRAM`; README.md lists them. The subpackages
depend on one another in one direction only (checked by tests/test_imports.py):

    data  <-  network  <-  augment, export  <-  evaluate  <-  the programs

`reference` is an independent implementation of the network: it shares the configuration with `network`, and nothing
else. Square brackets such as [G eq 26] name equations of A. Graves, *Generating Sequences With Recurrent Neural
Networks* (2013), arXiv 1308.0850.
"""
