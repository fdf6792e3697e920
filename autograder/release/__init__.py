"""From solutions to what students receive: skeletons, notebooks, a folder, a zip, proven to leak nothing."""
