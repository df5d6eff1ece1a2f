"""What the photographs show: reads the labels, and makes subsets of photographs by them."""
