"""What every homework is given and every release carries: systems, plotting, self-check, test tools."""
