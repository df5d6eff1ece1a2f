"""How close colours come to the photographs': the metrics, the floors, an evaluation."""
