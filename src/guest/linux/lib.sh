# Shared by run and finish. POSIX sh and busybox; sourced with $home set to the folder of the tool.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022

# The text of a one-line file, or nothing.
value() {
	if [ -f "$home/$1" ]; then cat "$home/$1"; fi
}

# Writes standard input to a file of the tool so that a power cut leaves the old or the new content.
store() {
	cat > "$home/$1.tmp" && sync && mv "$home/$1.tmp" "$home/$1" && sync
}

say() {
	echo "lamina: $*"
}

# The last 2 KiB of the log in hex, which needs no escaping in JSON.
log_tail() {
	if [ -f "$home/log" ]; then tail -c 2048 "$home/log" | od -An -v -tx1 | tr -d ' \n'; fi
}

# What must be put right before this machine may be captured: one reason a line.
blockers() {
	if command -v dpkg > /dev/null 2>&1; then
		[ -z "$(dpkg --audit 2> /dev/null)" ] || echo DpkgIncomplete
	fi
	for name in dpkg apt apt-get apk rpm dnf yum zypper; do
		if command -v pidof > /dev/null 2>&1 && pidof "$name" > /dev/null 2>&1; then
			echo InstallerRunning
			break
		fi
	done
	if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then echo RebootRequired; fi
}

# attest RESULT [STEP EXITCODE]: writes the proof that the offline inspection looks for.
attest() {
	reasons=
	for reason in $(value state/reasons); do reasons="$reasons${reasons:+,}\"$reason\""; done
	{
		printf '{"format":1,"nonce":"%s","role":"%s","result":"%s"' "$(value nonce)" "$(value role)" "$1"
		if [ $# -ge 3 ]; then printf ',"step":%d,"exitCode":%d,"logHex":"%s"' "$2" "$3" "$(log_tail)"; fi
		printf ',"reasons":[%s],"finishedAt":"%s"}\n' "$reasons" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	} | store attestation.json
}

# Turns the machine off. Early in the boot a clean power-off can get lost, hence the second try.
power_off() {
	sync
	(sleep 300; sync; poweroff -f) > /dev/null 2>&1 < /dev/null &
	poweroff
}
