"""All trainings side by side: estimates with their uncertainty, and the paper's claims."""
