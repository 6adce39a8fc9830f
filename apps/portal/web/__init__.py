"""The users' own pages: sign-in, start, profile, projects."""
