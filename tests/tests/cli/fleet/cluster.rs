//! Hosts and servers that die.
