"""The worker rooms of pictures: what strangers uploaded is opened in a child, made anew, and the rest thrown away."""
