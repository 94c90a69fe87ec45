# Writes the first entry, once: the volume outlives the containers.
if [ ! -e /data/entries.txt ]; then
  echo "$FIRST_ENTRY" > /data/entries.txt
fi
