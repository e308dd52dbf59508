# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes input files, good ones and bad ones, with Python's standard library
alone."""

import json
import struct
import zipfile

DTYPES = {'BOOL': 1, 'U8': 1, 'I8': 1, 'F16': 2, 'BF16': 2, 'F32': 4, 'I32': 4,
          'I64': 8}


def npy(content, descr="'<i4'", shape=None, order=False, version=(1, 0),
        size=4, header=None):
    """The bytes of a .npy file; shape by default [len (content) / size]."""
    if shape is None:
        shape = (len(content) // size,)
    if header is None:
        header = (f"{{'descr': {descr}, 'fortran_order': {order}, "
                  f"'shape': {shape}, }}")
    header = header.encode('latin-1')
    header += b' ' * (-(len(header) + 11) % 64) + b'\n'
    length = struct.pack('<H' if version[0] == 1 else '<I', len(header))
    return b'\x93NUMPY' + bytes(version) + length + header + content


def ints(values):
    return struct.pack(f'<{len(values)}i', *values)


def floats(values):
    return struct.pack(f'<{len(values)}f', *values)


def safetensors(header, data=b'', length=None):
    """header: a dict or the JSON text itself."""
    if not isinstance(header, (str, bytes)):
        header = json.dumps(header)
    if isinstance(header, str):
        header = header.encode()
    if length is None:
        length = len(header)
    return struct.pack('<Q', length) + header + data


def tensors(contents, metadata=None):
    """{name: (dtype, shape, bytes)} as a valid safetensors file."""
    header, data = {}, b''
    if metadata is not None:
        header['__metadata__'] = metadata
    for name, (dtype, shape, content) in contents.items():
        header[name] = {'dtype': dtype, 'shape': shape, 'data_offsets':
                        [len(data), len(data) + len(content)]}
        data += content
    return safetensors(header, data)


def read_safetensors(path):
    """-> header, data"""
    content = path.read_bytes()
    length, = struct.unpack('<Q', content[:8])
    return json.loads(content[8:8 + length]), content[8 + length:]


def unzip(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(path, members):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED,
                         compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def lie_about_size(path, member, size):
    """Sets the unpacked size of a member, in both of its headers."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        local = archive.getinfo(member).header_offset
        central = archive.start_dir
    struct.pack_into('<I', content, local + 22, size)
    while content[central:central + 4] == b'PK\x01\x02':
        name, extra, comment = struct.unpack_from('<3H', content, central + 28)
        if content[central + 46:central + 46 + name] == member.encode():
            struct.pack_into('<I', content, central + 24, size)
        central += 46 + name + extra + comment
    path.write_bytes(content)
