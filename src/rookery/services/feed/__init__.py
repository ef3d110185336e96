"""What a person sees of those they follow: home feed, public timeline and live stream."""
