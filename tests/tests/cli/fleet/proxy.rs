//! A way between hosts and servers that can be cut.
