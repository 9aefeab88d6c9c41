#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the clips of this folder, by FFmpeg 5.1 with libx264, libx265, libvpx, libaom and libopus:
#
#     sh tests/host/data/video/make.sh
#
# Picture n has the brightness 20 + 10 n all over, so that a test sees which one it got. What is licensed is this script; the
# clips hold nothing else.
set -eu
cd "$(dirname "$0")"
clip() { # NAME PICTURES OPTIONS…: 10 pictures a second
  name=$1 count=$2
  shift 2
  ffmpeg -v error -y -f lavfi -i "color=s=64x48:r=10,format=yuv420p,geq=lum='20+10*N':cb=128:cr=128" -frames:v "$count" \
    -fflags +bitexact -flags:v +bitexact "$@" "$name"
}
x264="-c:v libx264 -preset medium -crf 10 -x264-params scenecut=0"
clip b_frames.mp4 20 $x264:keyint=20:bframes=3:b-adapt=0
clip keys.mp4 20 $x264:keyint=4:bframes=2:b-adapt=0
clip keys.mov 20 $x264:keyint=4:bframes=2:b-adapt=0
clip open_gop.mp4 20 -c:v libx265 -crf 10 -x265-params log-level=none:keyint=6:min-keyint=6:open-gop=1:bframes=3:b-adapt=0:scenecut=0
clip open_gop_h264.mp4 20 $x264:keyint=6:min-keyint=6:open-gop=1:bframes=3:b-adapt=0
clip mpeg4.mp4 20 -c:v mpeg4 -q:v 2 -bf 2 -g 6
clip vp8.webm 20 -c:v libvpx -crf 4 -b:v 1M -auto-alt-ref 1 -lag-in-frames 10 -g 8
clip vp9.webm 20 -c:v libvpx-vp9 -crf 4 -b:v 0 -auto-alt-ref 1 -lag-in-frames 10 -g 8
clip av1.mp4 20 -c:v libaom-av1 -crf 10 -b:v 0 -cpu-used 8 -g 8
clip av1.webm 20 -c:v libaom-av1 -crf 10 -b:v 0 -cpu-used 8 -g 8
# Pictures 0 to 4 at 0, 0.1, 0.5, 0.6 and 1.5 s; Matroska does not say how long the last is seen.
for name in vfr.mkv vfr.mp4; do
  clip $name 5 -vf "settb=1/1000,setpts=eq(N\\,1)*100+eq(N\\,2)*500+eq(N\\,3)*600+eq(N\\,4)*1500" -fps_mode passthrough -enc_time_base 1:1000 \
    -video_track_timescale 1000 $x264:bframes=1:b-adapt=0
done
# The left half is dark, the right half bright; to be turned by a quarter, a half, three quarters.
for turn in 90 180 270; do
  ffmpeg -v error -y -f lavfi -i "color=s=64x48:r=10,format=yuv420p,geq=lum='if(lt(X,32),40,200)':cb=128:cr=128" -frames:v 1 \
    -fflags +bitexact -flags:v +bitexact $x264 plain.mp4
  ffmpeg -v error -y -i plain.mp4 -c copy -metadata:s:v rotate=$turn -fflags +bitexact turned_$turn.mp4
  rm plain.mp4
done
# Red with the colour space of high definition, and with that of standard definition.
for space in bt709 smpte170m; do
  ffmpeg -v error -y -f lavfi -i color=c=0xff0000:s=64x48:r=10 -frames:v 1 -vf scale=out_color_matrix=$space,format=yuv420p \
    -colorspace $space -fflags +bitexact -flags:v +bitexact $x264 red_$space.mp4
done
# One second of pictures; half a second of a tone that begins 0.3 s after them.
sound() { # NAME OPTIONS…
  name=$1
  shift
  ffmpeg -v error -y -f lavfi -i "color=s=64x48:r=10,format=yuv420p,geq=lum='20+10*N':cb=128:cr=128" -itsoffset 0.3 \
    -f lavfi -i sine=frequency=500:sample_rate=48000:duration=0.5 -map 0:v -map 1:a -t 1 -fflags +bitexact \
    -flags +bitexact "$@" "$name"
}
sound sound.mp4 $x264 -c:a aac -b:a 64k
sound sound_mp3.mp4 $x264 -c:a libmp3lame -b:a 64k
sound sound.webm -c:v libvpx-vp9 -crf 30 -b:v 0 -c:a libopus -b:a 48k
sound sound_vorbis.webm -c:v libvpx -crf 10 -b:v 1M -c:a libvorbis
# Ten pictures of 64 x 48, then ten of 32 x 24, which go on counting.
clip a.h264 10 $x264:keyint=10:bframes=0
ffmpeg -v error -y -f lavfi -i "color=s=32x24:r=10,format=yuv420p,geq=lum='120+10*N':cb=128:cr=128" -frames:v 10 \
  -fflags +bitexact -flags:v +bitexact $x264:keyint=10:bframes=0 b.h264
cat a.h264 b.h264 > both.h264
ffmpeg -v error -y -r 10 -i both.h264 -c copy -fflags +bitexact size.mkv
rm a.h264 b.h264 both.h264
# Larger than is read, and in fragments.
ffmpeg -v error -y -f lavfi -i color=black:s=4608x4096:r=10 -frames:v 1 -fflags +bitexact -flags:v +bitexact -c:v libvpx-vp9 \
  -cpu-used 8 large.webm
clip fragments.mp4 10 $x264:keyint=5 -movflags frag_keyframe+empty_moov
# As large as is read, and black.
ffmpeg -v error -y -f lavfi -i color=black:s=4096x4096:r=10 -frames:v 16 -fflags +bitexact -flags:v +bitexact -c:v libaom-av1 \
  -cpu-used 8 -usage realtime -lag-in-frames 0 -crf 40 -b:v 0 -g 100 blank.webm
