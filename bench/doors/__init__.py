"""What bench/door.py and bench/endurance.py are made of: servers, load, figures."""
