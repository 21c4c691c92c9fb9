"""The network, its loss, its gradients, and one training update."""
