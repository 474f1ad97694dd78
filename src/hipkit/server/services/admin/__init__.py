"""What an administrator does on the machine itself, for `hipkit admin`."""
