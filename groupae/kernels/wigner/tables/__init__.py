"""Constants shipped with the package, each with the script that remakes it."""
