"""What is measured: a module for each row of tables, or for some that share their setup."""
