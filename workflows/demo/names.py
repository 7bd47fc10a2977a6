"""Names of people, in Latin and in Chinese script, put together from tables.

Two of three people have a Chinese name, whose Latin form is its pinyin; the others' names are
transcribed, given name and surname parted by a dot as Chinese papers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FEMALE, MALE = "female", "male"


@dataclass(frozen=True)
class Name:
    """One person's name in both scripts."""

    latin: str
    chinese: str
    gender: str
    language: str


SURNAMES = (
    *(("Wang", "王"), ("Zhang", "张"), ("Liu", "刘"), ("Chen", "陈"), ("Yang", "杨"), ("Zhao", "赵"), ("Huang", "黄")),
    *(("Zhou", "周"), ("Wu", "吴"), ("Xu", "徐"), ("Sun", "孙"), ("Hu", "胡"), ("Zhu", "朱"), ("Gao", "高")),
    *(("Guo", "郭"), ("Ma", "马"), ("Luo", "罗"), ("Liang", "梁"), ("Song", "宋"), ("Zheng", "郑"), ("Xie", "谢")),
    *(("Han", "韩"), ("Tang", "唐"), ("Feng", "冯"), ("Deng", "邓"), ("Cao", "曹"), ("Peng", "彭"), ("Shen", "沈")),
)
GIVEN = {
    FEMALE: (
        *(("Fang", "芳"), ("Na", "娜"), ("Xiuying", "秀英"), ("Yan", "燕"), ("Mei", "梅"), ("Xia", "霞")),
        *(("Ping", "萍"), ("Hong", "红"), ("Yuting", "雨婷"), ("Xinyi", "欣怡"), ("Jiayi", "佳怡"), ("Siqi", "思琪")),
        *(("Lan", "兰"), ("Hui", "慧"), ("Xue", "雪"), ("Yue", "月"), ("Qian", "倩"), ("Ying", "颖")),
    ),
    MALE: (
        *(("Wei", "伟"), ("Yong", "勇"), ("Jun", "军"), ("Tao", "涛"), ("Ming", "明"), ("Chao", "超")),
        *(("Gang", "刚"), ("Jianguo", "建国"), ("Zihao", "子豪"), ("Haoran", "浩然"), ("Bin", "斌"), ("Peng", "鹏")),
        *(("Bo", "波"), ("Feng", "峰"), ("Kai", "凯"), ("Long", "龙"), ("Zhiqiang", "志强"), ("Yu", "宇")),
    ),
}
FOREIGN_SURNAMES = (
    *(("Becker", "贝克尔"), ("Novak", "诺瓦克"), ("Silva", "席尔瓦"), ("Martin", "马丁"), ("Kowalski", "科瓦尔斯基")),
    *(("Jensen", "延森"), ("Costa", "科斯塔"), ("Fischer", "菲舍尔"), ("Moreau", "莫罗"), ("Walker", "沃克")),
    *(("Romano", "罗马诺"), ("Schmidt", "施密特"), ("Dubois", "杜布瓦"), ("Hughes", "休斯"), ("Lopez", "洛佩斯")),
)
FOREIGN_GIVEN = {
    FEMALE: (
        *(("Anna", "安娜"), ("Julia", "尤利娅"), ("Clara", "克拉拉"), ("Maria", "玛丽亚"), ("Laura", "劳拉")),
        *(("Nina", "尼娜"), ("Alice", "艾丽斯"), ("Eva", "埃娃"), ("Diana", "黛安娜")),
    ),
    MALE: (
        *(("Thomas", "托马斯"), ("Lukas", "卢卡斯"), ("Peter", "彼得"), ("Daniel", "丹尼尔"), ("Victor", "维克托")),
        *(("Paul", "保罗"), ("Martin", "马丁"), ("Felix", "费利克斯"), ("Simon", "西蒙")),
    ),
}


def draw(random: Random) -> Name:
    """The next person's name."""
    gender = random.choice((FEMALE, MALE))
    if random.random() < 2 / 3:
        family, given = random.choice(SURNAMES), random.choice(GIVEN[gender])
        return Name(f"{family[0]} {given[0]}", family[1] + given[1], gender, "zh")
    family, given = random.choice(FOREIGN_SURNAMES), random.choice(FOREIGN_GIVEN[gender])
    return Name(f"{given[0]} {family[0]}", f"{given[1]}·{family[1]}", gender, "en")
