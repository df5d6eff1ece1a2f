"""Make the released model: half precision, scores on new photographs, model card."""
