"""What people look at: the page, and the README's table and plot, from the record of a run."""
