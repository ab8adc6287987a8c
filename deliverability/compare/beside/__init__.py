"""What a change is held against: mail that it cannot touch, providers that enforce, segments."""
