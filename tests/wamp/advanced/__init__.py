"""The features of the Advanced Profile, one file each."""
