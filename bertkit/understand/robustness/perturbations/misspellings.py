"""Words that people often misspell in English, and how; written by hand."""

from __future__ import annotations

_LIST = """
about: abuot; absence: absense abscence; accept: acept; acceptable: acceptible; accidentally: accidently;
accommodate: accomodate acommodate; accommodation: accomodation; account: acount accout; achieve: acheive;
across: accross; actually: actualy acctually; address: adress addres; advertisement: advertisment; again: agian agin;
against: agianst; almost: allmost; already: allready alredy; always: allways alway; amateur: amatuer; among: amoung;
amount: ammount; apparent: apparant; apparently: apparantly; appearance: appearence; argument: arguement;
around: arround; arrive: arive; attendance: attendence; available: availible avaliable; basically: basicly;
beautiful: beautifull beutiful; because: becuase becouse; become: becom; before: befor; beginning: begining;
believe: beleive belive; between: beetween betwen; bought: bougth; business: buisness bussiness; calendar: calender;
cancel: cancle; cancelled: canceld; careful: carefull; cemetery: cemetary; certain: certian; change: chnage;
charge: chagre; coming: comming; committee: commitee comittee; company: compnay; completely: completly;
computer: compter; concerned: conserned; confirm: comfirm; conscious: concious; convenient: convienient;
correct: corect; could: coud; country: coutry contry; course: corse; criticism: critisism; customer: custommer;
decide: dicide; decision: decison; definite: definate; definitely: definately definitly; delivered: deliverd;
delivery: delivary dilivery; description: discription; desperate: desparate; develop: develope;
difference: diffrence; different: diffrent; difficult: dificult; disappear: dissapear disapear;
disappoint: dissapoint disapoint; disappointed: dissapointed disapointed; doctor: docter; during: durring;
easily: easly; eighth: eigth; either: eather; embarrass: embarass; enough: enought; environment: enviroment;
especially: especialy; everything: everthing; exactly: exactally; excellent: excelent; except: exept;
existence: existance; expect: exspect; expensive: expencive; experience: experiance; explanation: explaination;
extremely: extremly; familiar: familar; favourite: favorit; february: febuary; finally: finaly; foreign: foriegn;
forty: fourty; forward: foward; friend: freind; from: fron; fulfil: fullfil; generally: generaly;
government: goverment; grammar: grammer; great: graet; group: gruop; guarantee: garantee guarentee; guard: gaurd;
happened: happend; happy: hapy; harass: harrass; height: heigth; hospital: hopital; humorous: humerous;
immediate: imediate; immediately: immediatly; important: importent; independent: independant;
information: infomation; interest: intrest; interested: intrested; interesting: intresting; knowledge: knowlege;
language: langauge; later: laiter; laugh: laguh; leave: leav; library: libary; license: lisence; little: litle;
losing: loosing; maintenance: maintainance; making: makeing; marriage: marrage; maybe: mabye; message: mesage;
minute: minuit; money: mony; morning: morining; movie: movei; necessary: neccessary necesary; neighbour: nieghbour;
nothing: nothin; noticeable: noticable; number: nubmer; occasion: occassion; occasionally: occasionaly;
occurred: occured; occurrence: occurence; often: offen; opinion: opinon; opportunity: oppurtunity; order: oder;
original: orignal; other: ohter; parcel: parsel; particular: perticular; password: pasword; payment: payement;
people: poeple peopel; perform: preform; perhaps: perhapse; permanent: permanant; persistent: persistant;
person: persen; piece: peice; please: plese pleas; possession: posession; possible: posible;
probably: probly probaly; problem: probelm; professional: proffesional; promise: promiss;
pronunciation: pronounciation; publicly: publically; quality: qualtiy; question: qestion; quickly: quikly;
quiet: queit; really: realy; receipt: reciept; receive: recieve; received: recieved; recommend: recomend reccomend;
referred: refered; refund: refunt; religious: religous; remember: rember; restaurant: restaraunt resturant;
rhythm: rythm; right: rigth; running: runing; safety: saftey; scene: sceen; schedule: shedule; school: shcool;
secretary: secratary; seize: sieze; sentence: sentance; separate: seperate; separately: seperately; several: severel;
should: shoud; similar: similiar; since: sinse; sincerely: sincerly; someone: somone; something: somthing;
speech: speach; started: startd; still: stil; strange: stange; strength: strenght; success: sucess;
successful: succesful; sudden: suddden; support: suport; surprise: suprise; surprised: suprised; system: sytem;
terrible: terible; thank: thnak; their: thier; there: ther; therefore: therfore; things: thigns; think: thnik;
though: thouhg; thought: thougth; through: trough thru; together: togehter; tomorrow: tommorow tommorrow;
tongue: tounge; tried: tryed; truly: truely; until: untill; unusual: unusal; usually: usualy; vacuum: vaccum;
vehicle: vehical; very: vrey; waiting: wating; wednesday: wensday; weird: wierd; welcome: wellcome; whether: wether;
where: whre; which: wich; while: whiel; with: wiht; without: witout; would: woud; writing: writting; wrong: wrogn;
yesterday: yesturday; young: yuong
"""

MISSPELLINGS = {
    word.strip(): tuple(wrong.split())
    for word, _, wrong in (line.partition(": ") for line in _LIST.replace("\n", " ").split(";"))
}
"""Word in lower case -> its misspellings."""
